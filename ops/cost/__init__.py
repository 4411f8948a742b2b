"""What environments cost a month: from Specs alone, or from a plan."""
