"""The command `anchors`."""
