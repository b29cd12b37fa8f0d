"""What people in the made company write, in several languages, and what companies and goods are called."""

from __future__ import annotations

COMPANY_FIRST = ("Nordic", "Vistula", "Alpine", "Baltic", "Silver", "Green", "Urban", "Amber", "Delta", "Polar")
COMPANY_SECOND = ("Bikes", "Foods", "Logistics", "Interiors", "Clinics", "Studio", "Works", "Energy", "Toys", "Print")
COMPANY_FORM = ("GmbH", "sp. z o.o.", "Ltd", "S.A.", "AG")
INDUSTRIES = ("RETAIL", "CONSUMER_GOODS", "HOSPITAL_HEALTH_CARE", "LOGISTICS_AND_SUPPLY_CHAIN", "DESIGN")
COUNTRIES = ("Poland", "Germany", "Ireland", "Austria", "United States")

PRODUCTS = ("Desk lamp", "Standing desk", "Ergo chair", "Monitor arm", "Cable kit", "Acoustic panel", "Footrest")

SUBJECTS: dict[str, tuple[str, ...]] = {
    "delivery": ("Where is my order?", "Paczka nie dotarła", "Lieferung verspätet", "Delivery to a new address"),
    "billing": ("Wrong amount on the invoice", "Faktura do poprawy", "Doppelte Abbuchung", "VAT number missing"),
    "product": ("The lamp flickers", "Krzesło skrzypi", "Schraube fehlt", "How do I mount the arm?"),
    "returns": ("I want to send it back", "Zwrot towaru", "Rückgabe", "Refund not received"),
    "account": ("Cannot log in", "Nie mogę się zalogować", "Neues Passwort", "Change my e-mail address"),
}
TOPICS = tuple(SUBJECTS)

ASKS: dict[str, tuple[str, ...]] = {
    "pl": ("Dzień dobry, proszę o pomoc.", "Czekam już tydzień, co się dzieje?", "Nadal nie działa…"),
    "en": ("Hello, could you help me with this?", "I have been waiting for a week now.", "It still does not work."),
    "de": ("Guten Tag, können Sie mir helfen?", "Ich warte schon seit Tagen.", "Es geht immer noch nicht."),
    "ru": ("Здравствуйте, помогите, пожалуйста.", "Жду уже неделю, что происходит?", "Всё ещё не работает."),
    "fa": ("سلام، لطفاً کمک کنید.", "یک هفته است که منتظرم.", "هنوز کار نمی‌کند."),
}
ANSWERS = (
    "Thank you for writing. I have looked into it and this is what you can do next.",
    "I am sorry for the trouble. A replacement is on its way.",
    "Dziękuję za wiadomość, sprawdziłam zamówienie i już wyjaśniam.",
    "Could you send us the order number, please?",
    "It is done. Please tell us if anything is left open.",
)
NOTES = ("Asked logistics.", "Customer called twice, see the order.", "Waiting for the supplier.", "VIP, be quick")
AUTO_REPLY = "We have received your request and will answer within one working day."
BOT_ANSWER = "I am the assistant of the help centre. This article may help: Where is my parcel?"
SPAM = ("Grow your traffic 10x", "Invoice attached", "Partnership offer")

PRAISE: dict[str, tuple[str, ...]] = {
    "pl": ("Świetna obsługa, polecam!", "Szybko i miło."),
    "en": ("Quick and friendly, thank you!", "Best chair I ever had."),
    "de": ("Sehr freundlich und schnell.", "Alles bestens."),
    "ru": ("Отличный сервис, спасибо!", "Очень быстро ответили."),
    "fa": ("خدمات عالی بود، ممنون.", "خیلی سریع پاسخ دادند."),
}
BLAME: dict[str, tuple[str, ...]] = {
    "pl": ("Za długo czekałem na odpowiedź.", "Musiałam pisać trzy razy."),
    "en": ("I had to ask three times.", 'Nobody answered for days. Never again, "support"!'),
    "de": ("Viel zu lange Wartezeit.", "Keine Antwort bekommen."),
    "ru": ("Слишком долго отвечали.", "Пришлось писать несколько раз."),
    "fa": ("پاسخ خیلی دیر رسید.", "چند بار باید می‌نوشتم."),
}
EMOJI = ("👍", "😡😡", "❤️", "🙂", "👎🏽", "🤷‍♀️")
MIXED = ("Super service, dziękuję bardzo!", "Спасибо, great job", "Danke!! مرسی")

REASONS_BAD = ("The issue took too long to resolve", "The agent did not resolve my issue", None)
