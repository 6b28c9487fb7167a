"""Fine-tuning: the training loop, its processes, its checkpoints and what it trains on."""
