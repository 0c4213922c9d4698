"""A BERT so small that a test can afford to pre-train it; no framework."""

from reference.configuration import BertConfig

CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
)
