"""Files in, embedded chunks out: load, clean, chunk and embed, each usable on its own.

Imports nothing from ``kb_app`` and no Streamlit, so it can run in a bare worker process.
"""
