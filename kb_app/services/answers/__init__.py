"""From a question to a saved answer with its citations."""
