"""What a language model is told: the prompts of the app and of a base, and the messages made of them."""
