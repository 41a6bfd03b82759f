// Placeholder.
print("benchmarks")
