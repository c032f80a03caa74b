# Run beside insteval.csv.gz: Rscript insteval_3f.R
suppressMessages({library(lme4); library(jsonlite)})
d <- read.csv("insteval.csv.gz")
for (column in c("s", "d", "dept", "service")) d[[column]] <- factor(d[[column]])
tight <- lmerControl(optimizer="bobyqa", optCtrl=list(rhobeg=1e-3, rhoend=1e-10, maxfun=1e5))
f <- lmer(y ~ service + (1|s) + (1|d) + (1|dept:service), d, control=tight)
effects <- ranef(f, condVar=TRUE, whichel="dept:service")[[1]]
writeLines(toJSON(list(versions=list(R=R.version.string, lme4=as.character(packageVersion("lme4"))),
  fixed=unname(fixef(f)), fixed_cov=unname(as.matrix(vcov(f))), variances=sapply(VarCorr(f), function(v) v[1]), residual=sigma(f)^2,
  reml=REMLcrit(f), pairs=rownames(effects), effects=effects[[1]], conditional=as.vector(attr(effects, "postVar"))),
  digits=I(15), auto_unbox=TRUE, pretty=TRUE), "insteval_3f_ref.json")
