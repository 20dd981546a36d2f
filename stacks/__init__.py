"""The gateway as code: the settings, the constructs and the stack that `cdktf deploy` creates."""

from stacks.bindings import load_only_what_is_used

load_only_what_is_used()
