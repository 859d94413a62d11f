//! slipway-oci.
