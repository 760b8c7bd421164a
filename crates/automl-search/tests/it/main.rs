//! Tests of the search through its public face.

#![expect(clippy::unwrap_used, reason = "test code, also outside the test functions")]

mod contract;
mod fronts;
mod problem_tests;
#[path = "../../benches/problems/mod.rs"]
mod problems;
mod pruners;
mod quality;
mod resume;
mod study;
mod together;
