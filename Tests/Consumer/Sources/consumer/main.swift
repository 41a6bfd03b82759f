import RedisCron

let options = RedisCronScheduler.Options()
print("a lock lasts \(options.lockTTL)")
