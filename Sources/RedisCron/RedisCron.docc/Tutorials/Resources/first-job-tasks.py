def report(city):
    print(f"a report about {city}")
