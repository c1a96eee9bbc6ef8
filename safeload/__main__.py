"""`python -m safeload`: the command line, where the script is not on the path."""

import sys

from safeload.cli import main

sys.exit(main())
