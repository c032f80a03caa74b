# Run beside crossed_sample.csv and penicillin.csv: Rscript crossed_sample.R
suppressMessages({library(lme4); library(jsonlite)})
tight <- lmerControl(optimizer="bobyqa", optCtrl=list(rhobeg=1e-3, rhoend=1e-12, maxfun=1e5))
told <- function(f, respondent, department) {
  effects <- ranef(f, condVar=TRUE)
  part <- function(name) list(variance=VarCorr(f)[[name]][1], effects=effects[[name]][[1]], conditional=as.vector(attr(effects[[name]], "postVar")))
  list(fixed=unname(fixef(f)), fixed_cov=unname(as.matrix(vcov(f))), respondents=part(respondent), departments=part(department),
    residual=sigma(f)^2, reml=REMLcrit(f))
}
d <- read.csv("crossed_sample.csv")
p <- read.csv("penicillin.csv")
plain <- lmer(y ~ 1 + (1|respondent) + (1|department), d, control=tight)
out <- list(versions=list(R=R.version.string, lme4=as.character(packageVersion("lme4"))),
  plain=told(plain, "respondent", "department"),
  fixed=told(lmer(y ~ online + size + (1|respondent) + (1|department), d, control=tight), "respondent", "department"),
  penicillin=told(lmer(diameter ~ 1 + (1|plate) + (1|sample), p, control=tight), "plate", "sample"))
writeLines(toJSON(out, digits=I(15), auto_unbox=TRUE, pretty=TRUE), "crossed_sample_ref.json")
