"""One side of a comparison in a process of its own: `python -m benchmarks.child MODULE FUNCTION ARGUMENTS_AS_JSON`.

The function's result goes to stdout as the last line, as JSON, with the peak memory of the process.
"""

from __future__ import annotations

import importlib
import json
import sys

from benchmarks.processes import memory_of


def main() -> None:
    module, function, arguments = sys.argv[1:4]
    found = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print()
    print(json.dumps({"found": found or {}, "peak_bytes": memory_of("self").get("VmHWM", 0)}))


if __name__ == "__main__":
    main()
