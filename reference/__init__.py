"""BERT itself: data, model and training, in Keras 3. Never imports suite."""
