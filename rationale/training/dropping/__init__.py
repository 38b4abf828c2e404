"""What the training of all token-dropping systems shares: fine-tuning, stages, the choice of an epoch."""
