//! Table rows to design matrices: imputation, encoding and scaling, fitted on training rows alone.
