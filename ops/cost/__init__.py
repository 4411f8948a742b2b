"""What environments cost by the month: from Specs alone, or from a plan."""
