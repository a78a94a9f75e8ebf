"""How long an export of many corrections takes: python benchmarks/corrections/export_speed.py [COUNT]."""

import sys
import tempfile
import time
from pathlib import Path

from corpus import app_with_corrections

from kb_app.services.training.exporting import USUAL_SPLIT, ExportRequest
from kb_app.services.training.formats import FORMATS


def main() -> None:
    """Export in every format and print the times."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        app, base_id = app_with_corrections(Path(folder) / "data", count)
        with app:
            for name in FORMATS:
                for with_context in (False, True):
                    request = ExportRequest(
                        base_id=base_id, format=name, shares=USUAL_SPLIT, with_context=with_context, mask=with_context
                    )
                    started = time.perf_counter()
                    plan = app.exports.write(request, Path(folder) / name)
                    took = time.perf_counter() - started
                    context = "with passages, masked" if with_context else "questions and answers"
                    print(f"{name:13} {context:22} {took:6.2f} s  {len(plan.examples)} {plan.counts}", flush=True)


if __name__ == "__main__":
    main()
