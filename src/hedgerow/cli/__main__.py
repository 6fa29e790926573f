"""`python -m hedgerow.cli`: the command line without an installed script."""

from hedgerow.cli import main

main()
