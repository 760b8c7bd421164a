//! Tests of the public interface.

mod selection;
