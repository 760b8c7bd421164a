//! Tests of the search through its public face.

mod contract;
mod functions;
mod quality;
mod resume;
mod study;
