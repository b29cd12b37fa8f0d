"""What people are called, and how their names come out where somebody else writes them: in Latin letters, shortened.

Made of names that are common in each country. A given name and a family name meet by chance, so that full namesakes
exist and are not the rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """The names of one language. A family name is the man's form; `of_woman` makes the woman's."""

    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    endings: tuple[tuple[str, str], ...] = ()  # of families: a man's and a woman's

    @property
    def given(self) -> tuple[str, ...]:
        """All given names."""
        return self.women + self.men

    def family(self, of: str, given: str) -> str:
        """The family name `of` as somebody of that given name bears it."""
        if given in self.women:
            for man, woman in self.endings:
                if of.endswith(man):
                    return of.removesuffix(man) + woman
        return of


_SPELLED: dict[str, tuple[str, ...]] = {}  # a name of another script → its spellings in Latin letters, the usual first


def _plain(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _spelled(text: str) -> tuple[str, ...]:
    """Names of another script, each before its Latin spellings."""
    names = []
    for part in text.replace("\n", " ").split(";"):
        name, *latin = part.split()
        _SPELLED[name] = tuple(latin)
        names.append(name)
    return tuple(names)


NAMES: dict[str, Names] = {
    "pl": Names(
        women=_plain(
            "Anna Katarzyna Małgorzata Agnieszka Łucja Joanna Magdalena Barbara Ewa Krystyna Zofia Aleksandra Monika "
            "Dorota Natalia Julia Karolina Beata Justyna Halina"
        ),
        men=_plain(
            "Piotr Tomasz Paweł Michał Jakub Krzysztof Marcin Łukasz Grzegorz Wojciech Mateusz Rafał Andrzej Jan "
            "Stanisław Kamil Adam Bartosz Maciej Zbigniew"
        ),
        families=_plain(
            "Nowak Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński Dąbrowski Kowalczyk Szymański Woźniak "
            "Kozłowski Jankowski Mazur Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski "
            "Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień Malinowski Jaworski Adamczyk Dudek "
            "Pawlak Górski Nowicki Sikora Witkowski Walczak Baran Rutkowski Michalak Szewczyk Ostrowski Tomaszewski "
            "Pietrzak Zalewski Wróblewski Marciniak Jasiński Sadowski Bąk Duda Zawadzki Chmielewski Jakubowski Wilk "
            "Borkowski Sokołowski"
        ),
        endings=(("ski", "ska"), ("cki", "cka"), ("dzki", "dzka")),
    ),
    "en": Names(
        women=_plain(
            "Olivia Amelia Grace Sophie Ruth Emily Charlotte Hannah Alice Lucy Megan Rachel Katherine Elizabeth "
            "Margaret Victoria Fiona Siobhan Eleanor Rebecca"
        ),
        men=_plain(
            "James Noah Liam Oscar Declan William Thomas George Robert Daniel Samuel Patrick Andrew Christopher "
            "Benjamin Edward Michael Matthew Sean Nicholas"
        ),
        families=_plain(
            "Smith O'Brien Taylor Evans Walker Hughes Clarke Murphy Bennett Ward Jones Williams Brown Davies Wilson "
            "Roberts Johnson Wright Thompson White Edwards Green Hall Wood Harris Lewis Martin Jackson Clark Turner "
            "Hill Scott Cooper Morris Moore King Watson Harrison Morgan Baker Patel Young Allen Mitchell Kelly Byrne "
            "Ryan O'Connor Walsh Doyle McCarthy Gallagher Doherty Kennedy Lynch Quinn Campbell Stewart Fraser Murray"
        ),
    ),
    "de": Names(
        women=_plain(
            "Lena Miriam Annika Käthe Katharina Johanna Sabine Petra Ursula Monika Claudia Susanne Birgit Franziska "
            "Theresa Ingrid Heike Marlene Charlotte Elisabeth"
        ),
        men=_plain(
            "Jonas Felix Jürgen Stefan Maximilian Johannes Thomas Andreas Wolfgang Matthias Sebastian Florian Günther "
            "Uwe Tobias Lukas Philipp Björn Rüdiger Friedrich"
        ),
        families=_plain(
            "Müller Schmidt Weber Schäfer Koch Richter Wolf Groß Schneider Fischer Meyer Wagner Becker Schulz Hoffmann "
            "Bauer Klein Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause "
            "Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang "
            "Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz"
        ),
    ),
    "ru": Names(
        women=_spelled(
            "Елена Elena Yelena; Ольга Olga; Мария Maria Mariya; Анна Anna; Наталья Natalia Natalya; "
            "Татьяна Tatiana Tatyana; Светлана Svetlana; Ирина Irina; Екатерина Ekaterina Yekaterina; "
            "Людмила Lyudmila Ludmila; Юлия Yulia Julia; Ксения Ksenia Xenia; Анастасия Anastasia Anastasiya; "
            "Галина Galina; Валентина Valentina; Вера Vera; Надежда Nadezhda; Дарья Daria Darya; Полина Polina; "
            "Евгения Evgenia Yevgeniya"
        ),
        men=_spelled(
            "Дмитрий Dmitry Dmitri; Сергей Sergey Sergei; Алексей Alexey Aleksei; Александр Alexander Aleksandr; "
            "Андрей Andrey Andrei; Николай Nikolay Nikolai; Михаил Mikhail; Иван Ivan; Владимир Vladimir; "
            "Юрий Yuri Yury; Евгений Evgeny Yevgeny; Павел Pavel; Виктор Viktor Victor; Константин Konstantin; "
            "Игорь Igor; Олег Oleg; Роман Roman; Максим Maxim Maksim; Артём Artem Artyom; Фёдор Fedor Fyodor"
        ),
        families=_spelled(
            "Иванов Ivanov; Смирнов Smirnov; Кузнецов Kuznetsov; Попов Popov; Соколов Sokolov; Лебедев Lebedev; "
            "Козлов Kozlov; Новиков Novikov; Морозов Morozov; Петров Petrov; Волков Volkov; Соловьёв Solovyov; "
            "Васильев Vasilyev Vasiliev; Зайцев Zaytsev Zaitsev; Павлов Pavlov; Семёнов Semenov Semyonov; "
            "Голубев Golubev; Виноградов Vinogradov; Богданов Bogdanov; Воробьёв Vorobyov; Фёдоров Fedorov Fyodorov; "
            "Михайлов Mikhailov Mikhaylov; Беляев Belyaev; Тарасов Tarasov; Белов Belov; Комаров Komarov; "
            "Орлов Orlov; Киселёв Kiselev Kiselyov; Макаров Makarov; Андреев Andreev; Ковалёв Kovalev Kovalyov; "
            "Ильин Ilyin; Гусев Gusev; Титов Titov; Кузьмин Kuzmin; Кудрявцев Kudryavtsev; Баранов Baranov; "
            "Куликов Kulikov; Алексеев Alekseev Alexeyev; Степанов Stepanov; Яковлев Yakovlev; Сорокин Sorokin; "
            "Сергеев Sergeev Sergeyev; Романов Romanov; Захаров Zakharov; Борисов Borisov; Королёв Korolev Korolyov; "
            "Герасимов Gerasimov; Пономарёв Ponomarev; Григорьев Grigoriev Grigoryev; Лазарев Lazarev; "
            "Медведев Medvedev; Ершов Yershov Ershov; Никитин Nikitin; Соболев Sobolev; Рябов Ryabov; "
            "Поляков Polyakov; Цветков Tsvetkov; Данилов Danilov; Жуков Zhukov"
        ),
        endings=(("в", "ва"), ("н", "на"), ("v", "va"), ("n", "na")),
    ),
    "fa": Names(
        women=_spelled(
            "زهرا Zahra; مریم Maryam Mariam; نرگس Narges Nargess; فاطمه Fatemeh Fatima; سارا Sara Sarah; "
            "لیلا Leila Leyla; شیرین Shirin; مینا Mina; پریسا Parisa; نازنین Nazanin; الهام Elham; سمیرا Samira; "
            "آزاده Azadeh; ندا Neda; مهسا Mahsa; شیما Shima; نگار Negar; رویا Roya; پروین Parvin; مهناز Mahnaz"
        ),
        men=_spelled(
            "علی Ali; رضا Reza; حسین Hossein Hussein; محمد Mohammad Mohamad; مهدی Mehdi Mahdi; امیر Amir; "
            "احمد Ahmad Ahmed; حسن Hassan Hasan; سعید Saeed Saeid; مجید Majid; حمید Hamid; بهرام Bahram; کاوه Kaveh; "
            "آرش Arash; فرهاد Farhad; نیما Nima; پویا Pouya Pooya; جواد Javad; ابراهیم Ebrahim Ibrahim; "
            "یوسف Yousef Yusuf"
        ),
        families=_spelled(
            "احمدی Ahmadi; محمدی Mohammadi; کریمی Karimi; رضایی Rezaei Rezaee; جعفری Jafari; موسوی Mousavi Moosavi; "
            "حسینی Hosseini; هاشمی Hashemi; علوی Alavi; صادقی Sadeghi; رحیمی Rahimi; مرادی Moradi; "
            "حیدری Heydari Heidari; نوری Nouri Noori; اکبری Akbari; قاسمی Ghasemi; عباسی Abbasi; شریفی Sharifi; "
            "رستمی Rostami; سلطانی Soltani; زارعی Zarei; یوسفی Yousefi; نجفی Najafi; امینی Amini; کاظمی Kazemi; "
            "بهرامی Bahrami; طاهری Taheri; فرهادی Farhadi; اسدی Asadi; غلامی Gholami; حسنی Hasani; عزیزی Azizi; "
            "ملکی Maleki; جلالی Jalali; توکلی Tavakoli; صالحی Salehi; باقری Bagheri; نظری Nazari; خسروی Khosravi; "
            "میرزایی Mirzaei; شفیعی Shafiei; امیری Amiri; زمانی Zamani; قنبری Ghanbari; حبیبی Habibi; کرمی Karami; "
            "فلاحی Fallahi; داوودی Davoudi; منصوری Mansouri; پارسا Parsa; جمشیدی Jamshidi; سهرابی Sohrabi; "
            "شیرازی Shirazi; تهرانی Tehrani; اصفهانی Esfahani; کیانی Kiani; ایزدی Izadi; مقدم Moghaddam; "
            "نیکزاد Nikzad; وحیدی Vahidi"
        ),
    ),
}
LANGUAGES = ("pl", "pl", "pl", "pl", "en", "en", "en", "de", "de", "ru", "fa")

# what those who know somebody call them
SHORT: dict[str, str] = {
    "Jakub": "Kuba", "Katarzyna": "Kasia", "Małgorzata": "Gosia", "Agnieszka": "Aga", "Joanna": "Asia",
    "Magdalena": "Magda", "Aleksandra": "Ola", "Tomasz": "Tomek", "Krzysztof": "Krzysiek", "Grzegorz": "Grzesiek",
    "Wojciech": "Wojtek", "Stanisław": "Staszek", "Bartosz": "Bartek", "Barbara": "Basia", "Zofia": "Zosia",
    "William": "Bill", "Robert": "Bob", "James": "Jim", "Thomas": "Tom", "Daniel": "Dan", "Samuel": "Sam",
    "Katherine": "Kate", "Elizabeth": "Liz", "Margaret": "Maggie", "Christopher": "Chris", "Benjamin": "Ben",
    "Michael": "Mike", "Nicholas": "Nick", "Edward": "Ted", "Rebecca": "Becky", "Katharina": "Kathi",
    "Maximilian": "Max", "Johannes": "Hannes", "Franziska": "Franzi", "Sebastian": "Basti",
    "Александр": "Саша", "Дмитрий": "Дима", "Екатерина": "Катя", "Анастасия": "Настя", "Мария": "Маша",
}  # fmt: skip

_WITHOUT_MARKS = str.maketrans(
    {
        "ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z",
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", " ": "",
    }
)  # fmt: skip


def latin_spellings(name: str) -> tuple[str, ...]:
    """How a name is written in Latin letters, the usual way first; a name that is in Latin letters stays as it is."""
    if name in _SPELLED:
        return _SPELLED[name]
    man = name.removesuffix("а")  # of a Russian woman's family name
    return tuple(f"{spelling}a" for spelling in _SPELLED[man]) if man in _SPELLED else (name,)


def mailbox_letters(name: str) -> str:
    """A name as it stands in an e-mail address."""
    return latin_spellings(name)[0].lower().translate(_WITHOUT_MARKS)
