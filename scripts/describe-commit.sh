#!/bin/sh
# Prints the git commit of this checkout, with "-modified" if tracked files differ from it.
# Prints nothing if git is missing or fails.
exec git describe --always --abbrev=12 --exclude='*' --dirty=-modified 2>/dev/null
