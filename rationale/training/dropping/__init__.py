"""The shared training of token-dropping methods: fine-tuning, stages, checkpoint selection."""
