"""Where things are kept: database, migrations, repositories, Chroma, original files, the data-folder lock."""
