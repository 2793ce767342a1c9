//! Which instruction-set level compiler-generated code really uses.
