//! Tests of the public interface.

#![expect(clippy::unwrap_used, reason = "test code, also outside the test functions")]

mod calibration;
mod compare;
mod selection;
mod stacking;
mod support;
mod threads;
mod threshold;
