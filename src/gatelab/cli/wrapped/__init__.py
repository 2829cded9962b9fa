"""`gatelab k6` and `gatelab ghz`: programs of others, with the spread and a verdict beside."""
