"""The work behind documents, done by the owner process: reading, storing, indexing, following folders."""
