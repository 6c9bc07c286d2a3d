#!/bin/sh
# Prints the git commit of this checkout, with "-modified" where tracked files differ from it.
# Prints nothing where git is absent or does not answer.
exec git describe --always --abbrev=12 --exclude='*' --dirty=-modified 2>/dev/null
