"""What people read: terminal table, report, and the bodies of pulls and issues."""
