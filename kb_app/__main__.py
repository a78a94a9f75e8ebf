"""``python -m kb_app`` is the same as ``kb-app``."""

import sys

from kb_app.cli import main

sys.exit(main())
