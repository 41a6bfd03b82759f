// Placeholder.
print("rqrcron")
