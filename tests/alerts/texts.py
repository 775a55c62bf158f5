"""Articles for tests of matching, each a title and a body."""

from __future__ import annotations

TRAM = (
    "Tram d’Ostwick : Béatrice Lanoy annonce une cinquième ligne vers Marvelle",
    "La métropole d’Ostwick a voté jeudi la construction d’une cinquième ligne de tramway vers le "
    "campus de Marvelle, a dit Béatrice Lanoy. Le chantier du tram commencera au printemps.",
)
# The same story in another paper.
TRAM_TOO = (
    "Béatrice Lanoy annonce une cinquième ligne du tram d’Ostwick vers Marvelle",
    "Une cinquième ligne de tramway reliera Ostwick au campus de Marvelle, a dit jeudi Béatrice "
    "Lanoy, qui préside la métropole. La construction du tram débutera au printemps.",
)
# Another story on the topic.
STRIKE = (
    "Les conducteurs du tram d’Ostwick en grève lundi",
    "Aucun tramway ne circulera lundi à Ostwick. Les conducteurs demandent une hausse de leurs "
    "salaires, et leur syndicat appelle à cesser le travail pour la journée entière.",
)
STRIKE_IN_ENGLISH = (
    "Ostwick tram drivers to strike on Monday",
    "No tram will run in Ostwick on Monday. The drivers of the tramway demand higher wages, and "
    "their union has called on them to stop work for the whole day.",
)
OWLS = (
    "Trois chouettes effraies nées dans le clocher de Vaubrac",
    "Des habitants ont découvert dimanche trois petites chouettes dans le clocher de l’église. "
    "Une association de protection des oiseaux les surveille chaque nuit.",
)
BREAD = (
    "La dernière boulangerie de Skerrow ferme",
    "La boulangère a cuit vendredi sa dernière fournée après trente ans de métier. Personne ne "
    "s’est proposé pour reprendre le fournil, a-t-elle dit.",
)
BUSES = (
    "Les bus d’Ostwick passent à l’électrique",
    "La métropole d’Ostwick remplacera en trois ans ses cent vingt bus au diesel par des bus "
    "électriques, a annoncé sa présidente mardi.",
)
# Nothing but a caption, which is never quoted.
PICTURE = (
    "Le tram d’Ostwick en images",
    "La présidente, lundi soir. | CLAIRE WEBER / L’ÉCHO",
)
