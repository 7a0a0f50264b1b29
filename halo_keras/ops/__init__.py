"""Pure functions of tensors: no weights, no state."""
