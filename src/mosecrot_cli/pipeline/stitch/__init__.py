"""`mosecrot stitch`: the step, and the choice between several maps."""
