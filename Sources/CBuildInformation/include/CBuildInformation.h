#ifndef CBUILDINFORMATION_H
#define CBUILDINFORMATION_H

/// The git commit that the program was built from, as `git describe` names it; empty where `make`
/// did not say. It lives in a C target of its own so that a new commit recompiles next to nothing.
const char *_Nonnull dvt_build_commit(void);

#endif
