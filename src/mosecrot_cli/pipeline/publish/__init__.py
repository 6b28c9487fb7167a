"""What makes a checkpoint ready for others: its model card, its scores, and the ways out (the hub, ONNX)."""
