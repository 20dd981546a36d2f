"""The gateway as code: the settings, the constructs and the stack that `cdktf deploy` creates."""
