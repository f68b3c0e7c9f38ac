"""Names of venues as comments and journal references print them."""

from __future__ import annotations

# Acronyms of conferences: matched with their capitals, and with no word boundary after them ("CVPR2025").
CONFERENCES = (
    "3DV AAAI AACL AAMAS ACCV ACIIDS ACIVS ACL ACSAC AIED AIES AISTATS ALIFE ALT APSIPA ASE ASRU AutoML AVSS "
    "BigData BMVC CADE CAIP CASE CAV CBMI CBMS CCS CDC CHI CHIIR CHIL CIKM CLeaR CLEF CODS-COMAD CogSci COLING "
    "CoLLAs COLM COLT CONLL CoNLL CoRL CPAL CSCW CUI CVPR DAC DAGM DATE DCASE DICTA DIS DSN EACL ECAI ECCV ECIR "
    "ECML ECML-PKDD ECMR EDBT EDM EMBC EMNLP ESANN ESEC/FSE ESWC EuroS&P EuroSys EUSIPCO EvoStar FAccT FAT* FG "
    "FOCS FSE FUSION GCPR GECCO GLOBECOM HPCA HRI ICAART ICAIL ICANN ICAPS ICASSP ICC ICCAD ICCC ICCS ICCV ICDAR "
    "ICDCS ICDE ICDM ICIAP ICIP ICLR ICME ICMI ICML ICMLA ICMR ICNLSP ICONIP ICPR ICRA ICSE ICSME ICTAI ICTIR "
    "ICWSM IDA IEEE-VIS IJCAI IJCB IJCKG IJCNLP IJCNN INFOCOM INLG Interspeech InterSpeech INTERSPEECH IROS ISBI "
    "ISCA ISIT ISMAR ISMIR ISSTA ISVC ISWC ITSC IUI IV IVA IWCS IWSLT JCDL KDD KR L4DC LAK LoG LREC LREC-COLING "
    "MASS MICCAI MICRO MIDL MIPR MLHC MLSys MMM MMSys MobiCom MobileHCI MobiSys MVA NAACL NDSS NeurIPS Neurips "
    "NIPS NSDI OOPSLA OSDI PacificVis PACLIC PACT PAKDD PerCom PLDI PODC PODS POPL PPoPP PPSN PRICAI PSIVT RANLP "
    "RecSys RO-MAN RoboCup RSS SANER SaTML SC SDM SEMANTICS SEMEVAL SemEval SenSys SIGDIAL SIGGRAPH SIGIR SIGKDD "
    "SIGMOD SIGSPATIAL SLT SMC SODA SOSP SSW STOC TARK TheWebConf UAI UbiComp UIST USENIX-Security VISAPP "
    "VISIGRAPP VLDB WACV WI-IAT WMT WSDM WWW"
).split()
# Acronyms that are also words or other things: they count only with a year right after them.
NEED_YEAR = frozenset(
    (
        "ALT ASE AutoML BigData CAIP CASE CAV CCS CDC CHI CHIL CLeaR CPAL CUI DAC DATE DIS DSN EDM FG FSE FUSION "
        "HRI ICC ICCS IDA ISCA IUI IV IVA KR LAK LoG MASS MICRO MVA PACT RSS SC SDM SEMANTICS SLT SMC SSW UAI WWW"
    ).split()
)
# Several spellings of one name.
SPELLINGS = {
    "CONLL": "CoNLL",
    "InterSpeech": "INTERSPEECH",
    "ECML": "ECML PKDD",
    "ECML-PKDD": "ECML PKDD",
    "Interspeech": "INTERSPEECH",
    "NIPS": "NeurIPS",
    "Neurips": "NeurIPS",
    "SEMEVAL": "SemEval",
    "SIGKDD": "KDD",
    "TheWebConf": "WWW",
}
# Full names (regular expressions) and the acronym that people know.
FULL_NAMES = {
    r"Computer Vision and Pattern Recognition": "CVPR",
    r"International Conference on Computer Vision(?! Theory)": "ICCV",
    r"European Conference on Computer Vision": "ECCV",
    r"Winter Conference on Applications of Computer Vision": "WACV",
    r"British Machine Vision Conference": "BMVC",
    r"(?:Conference on )?Neural Information Processing Systems": "NeurIPS",
    r"International Conference on Learning Representations": "ICLR",
    r"International Conference on Machine Learning(?! and|\s+Applications|\s+Technolog)": "ICML",
    r"North American Chapter of the Association for Computational Linguistics": "NAACL",
    r"European Chapter of the Association for Computational Linguistics": "EACL",
    r"Annual Meeting of the Association for Computational Linguistics": "ACL",
    r"Empirical Methods in Natural Language Processing": "EMNLP",
    r"Conference on Language Modeling": "COLM",
    r"Conference on Robot Learning": "CoRL",
    r"International Conference on Robotics and Automation": "ICRA",
    r"Intelligent Robots and Systems": "IROS",
    r"Acoustics,? Speech,? and Signal Processing": "ICASSP",
    r"ACM (?:International Conference on |Intl\.? Conf\.? on )?Multimedia(?! Asia| Systems| Retrieval)": "ACM MM",
    r"Medical Image Computing and Computer[- ]Assisted Intervention": "MICCAI",
    r"Knowledge Discovery and Data Mining": "KDD",
    r"(?:The )?(?:ACM )?Web Conference": "WWW",
}
# Journals (regular expressions) and the name to show.
JOURNALS = {
    r"\bT-?PAMI\b|Transactions on Pattern Analysis and Machine Intelligence": "IEEE TPAMI",
    r"\bTIP\b|Transactions on Image Processing": "IEEE TIP",
    r"\bTMM\b|IEEE Transactions on Multimedia": "IEEE TMM",
    r"\bTCSVT\b|Transactions on Circuits and Systems for Video Technology": "IEEE TCSVT",
    r"\bTNNLS\b|Transactions on Neural Networks and Learning Systems": "IEEE TNNLS",
    r"\bTMI\b|Transactions on Medical Imaging": "IEEE TMI",
    r"\bTGRS\b|Transactions on Geoscience and Remote Sensing": "IEEE TGRS",
    r"\bTKDE\b|Transactions on Knowledge and Data Engineering": "IEEE TKDE",
    r"\bTVCG\b|Transactions on Visualization and Computer Graphics": "IEEE TVCG",
    r"\bT-?ITS\b|Transactions on Intelligent Transportation Systems": "IEEE T-ITS",
    r"\bT-?RO\b|Transactions on Robotics": "IEEE T-RO",
    r"\bRA-?L\b|Robotics and Automation Letters": "IEEE RA-L",
    r"\bJBHI\b|Journal of Biomedical and Health Informatics": "IEEE JBHI",
    r"\bTASLP\b|Transactions on Audio,? Speech,? and Language Processing": "IEEE TASLP",
    r"\bTIFS\b|Transactions on Information Forensics and Security": "IEEE TIFS",
    r"\bTAI\b|IEEE Transactions on Artificial Intelligence": "IEEE TAI",
    r"IEEE Internet of Things Journal": "IEEE IoT-J",
    r"\bIEEE Access\b": "IEEE Access",
    r"\bTOMM\b|Transactions on Multimedia Computing": "ACM TOMM",
    r"\bTOIS\b|ACM Transactions on Information Systems": "ACM TOIS",
    r"\bTIST\b|Transactions on Intelligent Systems and Technology": "ACM TIST",
    r"\bTOG\b|ACM Transactions on Graphics": "ACM TOG",
    r"\bACM Computing Surveys\b": "ACM Computing Surveys",
    r"\bTMLR\b|Transactions on Machine Learning Research": "TMLR",
    r"\bTACL\b|Transactions of the Association for Computational Linguistics": "TACL",
    r"\bJMLR\b|Journal of Machine Learning Research": "JMLR",
    r"\bJAIR\b|Journal of Artificial Intelligence Research": "JAIR",
    r"\bIJCV\b|International Journal of Computer Vision": "IJCV",
    r"\bIJDAR\b|International Journal on Document Analysis and Recognition": "IJDAR",
    r"\bMELBA\b|Machine Learning for Biomedical Imaging": "MELBA",
    r"\bMedical Image Analysis\b": "Medical Image Analysis",
    r"\bPattern Recognition Letters\b": "Pattern Recognition Letters",
    (
        r"(?:(?:in|by|to|at),? |^)(?:the )?(?:journal )?(?:of )?Pattern Recognition\b"
        r"(?= ?[,.;(\d]|$| journal)"
    ): "Pattern Recognition",
    r"(?:in|by|to)\s+(?:the )?(?:journal )?Neural Networks\b": "Neural Networks",
    r"\bNeurocomputing\b": "Neurocomputing",
    r"\bExpert Systems with Applications\b": "Expert Systems with Applications",
    r"\bKnowledge-Based Systems\b": "Knowledge-Based Systems",
    r"\bInformation Fusion\b": "Information Fusion",
    r"\bComputational Linguistics\b(?= journal|,? (?:MIT|Vol|\d))": "Computational Linguistics",
    r"\bScientific Reports\b": "Scientific Reports",
    r"\bNature Communications\b": "Nature Communications",
    r"\bNature Machine Intelligence\b": "Nature Machine Intelligence",
    r"\bnpj Digital Medicine\b": "npj Digital Medicine",
}
