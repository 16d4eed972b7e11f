"""``python -m orchestration`` is the command line ``tieout``; nothing else belongs here."""

import sys

from orchestration.cli import main

sys.exit(main())
