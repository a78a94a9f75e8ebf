"""Prompts, one readable file per purpose and language; fields in braces are filled in."""
