"""What the app's screens share: what was opened, what the URL says, and the words component."""
