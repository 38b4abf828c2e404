"""Shared parts of the screens of the app: opened results, the view in the URL, the words component."""
