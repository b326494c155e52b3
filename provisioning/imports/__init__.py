"""Import of people from another system: a file is read line by line, and each line has a row in the report."""
