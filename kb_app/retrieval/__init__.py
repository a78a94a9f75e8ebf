"""Finding passages: analysis of questions, keyword index, scores, rerank, confidence, quoting, ``Retriever``."""
