SELECT sealed FROM seal_check
