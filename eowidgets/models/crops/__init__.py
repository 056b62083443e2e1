"""Networks that are taught crops: each is trained on labelled series or windows."""
