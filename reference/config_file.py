"""Which keys a bert_config.json or a config.json may have, and what they may say.

Sources: `BertConfig` of the original's modeling.py (which takes any key, and computes
the same whatever the others say) and of `transformers`. A key is read, or without
effect on what a model computes, or allowed one value, the one that is computed here;
any other key is refused, because nobody can tell what it was meant to change. Not
here: what the values that are read must be, see configuration.py.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from reference.errors import InputError
from reference.json_files import read_json_object

# Keys that say for whom, by what or for which task the file was written.
WITHOUT_EFFECT = frozenset(
    """
    _attn_implementation _attn_implementation_autoset _commit_hash _name_or_path
    _num_labels architectures attn_implementation attribute_map auto_map bos_token_id
    chunk_size_feed_forward cls_token_id cross_attention_hidden_size
    decoder_start_token_id dtype eos_token_id finetuning_task gradient_checkpointing
    id2label keys_to_ignore_at_inference label2id language mask_token_id
    model_max_length name name_or_path num_labels output_attentions
    output_hidden_states output_past pad_token_id pooler_fc_size
    pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head prefix
    problem_type return_dict sep_token_id task_specific_params tf_legacy_loss
    tokenizer_class torch_dtype torchscript transformers_version unk_token_id
    use_bfloat16 use_cache use_return_dict
    """.split()
)
# Defaults of text generation, which older versions of transformers put in every file.
OF_GENERATION = frozenset(
    """
    bad_words_ids begin_suppress_tokens diversity_penalty do_sample early_stopping
    encoder_no_repeat_ngram_size exponential_decay_length_penalty forced_bos_token_id
    forced_eos_token_id length_penalty max_length min_length no_repeat_ngram_size
    num_beam_groups num_beams num_return_sequences output_scores remove_invalid_values
    repetition_penalty return_dict_in_generate suppress_tokens temperature top_k top_p
    typical_p
    """.split()
)
# Keys that would change what is computed, with the values that say what is.
COMPUTED = {
    # Upstream: "gelu" is the tanh approximation, which transformers calls gelu_new;
    # its own "gelu" is exact, but is what its conversions of the released weights say.
    "hidden_act": ("gelu", "gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_eps": (1e-12,),
    "position_embedding_type": ("absolute", None),
    "model_type": ("bert",),
    "directionality": ("bidi",),
    "pooler_type": ("first_token_transform",),
    "is_decoder": (False, None),
    "is_encoder_decoder": (False, None),
    "add_cross_attention": (False, None),
    "tie_encoder_decoder": (False, None),
    "tie_word_embeddings": (True,),
    "pruned_heads": ({}, None),
}
# Without these a file does not say which model it is of.
REQUIRED = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
# What is read beside them, and what it is where the file does not say.
OPTIONAL = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "initializer_range",
)


def read_config_fields(path: Path) -> dict:
    """The fields of `BertConfig` that a file states; InputError says all that is wrong.

    Refused are unknown keys, values that ask for what is not computed here, and a file
    that lacks one of the sizes.
    """
    stated = read_json_object(path)
    problems = list(_problems(stated))
    if problems:
        raise InputError(f"{path}: " + "; ".join(problems))
    return {key: stated[key] for key in (*REQUIRED, *OPTIONAL) if key in stated}


def has_exact_gelu(directory: Path) -> bool:
    """Whether transformers computes the exact GELU for the config.json there, if any.

    "gelu" is that, and the default; here it is always the original's approximation by
    tanh (see COMPUTED).
    """
    path = directory / "config.json"
    return path.exists() and read_json_object(path).get("hidden_act", "gelu") == "gelu"


def _problems(stated: dict) -> Iterator[str]:
    known = {*REQUIRED, *OPTIONAL, *COMPUTED, "classifier_dropout"}
    unknown = sorted(stated.keys() - known - WITHOUT_EFFECT - OF_GENERATION)
    if unknown:
        yield (
            f"expected the keys of a BERT config, found {', '.join(unknown)}; remove "
            "what has no effect on the model, a model it changes is not implemented"
        )
    allowed = {key: values for key, values in COMPUTED.items() if key in stated}
    if "classifier_dropout" in stated:
        # The head's dropout is the encoder's here. The original has 0.1 whatever the
        # config says (run_classifier.py), which is what all released configs say.
        rate = stated.get("hidden_dropout_prob", 0.1)
        allowed["classifier_dropout"] = (rate, None)
    for key, values in allowed.items():
        if stated[key] not in values:
            yield (
                f"expected {key} {json.dumps(values[0])}, found "
                f"{json.dumps(stated[key])}; such a model is not implemented"
            )
    missing = [key for key in REQUIRED if key not in stated]
    if missing:
        yield f"expected {', '.join(missing)}, found no such key; state the model's"
