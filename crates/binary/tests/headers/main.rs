//! What headers say, on real binaries: whole, edited, cut off at many points, and made to cost time.

mod edits;
mod facts;
mod fields;
mod hostile;
mod patch;
