"""What the App does when something happened: look at the forge as it stands, decide, perform, remember."""
