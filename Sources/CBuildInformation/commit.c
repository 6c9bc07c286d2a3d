#include "CBuildInformation.h"

// Package.swift defines DVT_COMMIT from the environment, where the Makefile puts it.
const char *dvt_build_commit(void) { return DVT_COMMIT; }
